declare module '*.css';
declare module '*.ts?worker&url' {
  const url: string;
  export default url;
}
declare module '*.svg' {
  const url: string;
  export default url;
}
