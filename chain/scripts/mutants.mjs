/**
 * Mutants of Rust sources, all in one build: each place gets a switch with a number, and the number in TALLY_MUTANT is on.
 * Every edit is text put in, so that edits of nested expressions do not meet. Works on what rustfmt leaves: operators
 * stand between blanks, a statement begins its line.
 */

/** The switches; `mutants.rs` of the crate under test. */
export const SWITCHES = `//! Switches of mutants, for a copy of this crate alone.
#![allow(missing_docs, clippy::all)]
extern crate std;
use std::sync::OnceLock;

pub fn on(number: u32) -> bool {
    static CHOSEN: OnceLock<u32> = OnceLock::new();
    let read = || std::env::var("TALLY_MUTANT").ok().and_then(|text| text.parse().ok());
    *CHOSEN.get_or_init(|| read().unwrap_or(0)) == number
}
pub fn lt<T: PartialOrd + ?Sized>(number: u32, a: &T, b: &T) -> bool {
    a < b || (on(number) && a == b)
}
pub fn le<T: PartialOrd + ?Sized>(number: u32, a: &T, b: &T) -> bool {
    a <= b && !(on(number) && a == b)
}
pub trait Arith: Sized + Ord + Copy {
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn plus(self, number: u32, other: Self) -> Self {
        if on(number) { self.sub(other) } else { self.add(other) }
    }
    fn minus(self, number: u32, other: Self) -> Self {
        if on(number) { self.add(other) } else { self.sub(other) }
    }
    fn least(self, number: u32, other: Self) -> Self {
        if on(number) { self.max(other) } else { self.min(other) }
    }
    fn most(self, number: u32, other: Self) -> Self {
        if on(number) { self.min(other) } else { self.max(other) }
    }
}
macro_rules! arith { ($($t:ty),*) => { $(impl Arith for $t {
    fn add(self, other: Self) -> Self { self.saturating_add(other) }
    fn sub(self, other: Self) -> Self { self.saturating_sub(other) }
})* } }
arith!(u8, u32, u64, u128);
`;

const METHODS = new Map([
  ['.saturating_add(', '.plus('],
  ['.saturating_sub(', '.minus('],
  ['.min(', '.least('],
  ['.max(', '.most('],
]);
const OPEN = '([{';
const CLOSE = ')]}';
const STATEMENT = /^ {8,}(?!let |return\b|use |const |ensure!|break|continue|#|\/\/)[A-Za-z*]/;
const COMPARISONS = new Map([
  ['<', (n) => [`crate::mutants::lt(${n}, &(`, '), &(', '))']],
  ['<=', (n) => [`crate::mutants::le(${n}, &(`, '), &(', '))']],
  ['==', (n) => [`(crate::mutants::on(${n}) ^ (`, ' == ', '))']],
  ['!=', (n) => [`(crate::mutants::on(${n}) ^ (`, ' != ', '))']],
]);

/**
 * The source with its switches, and what each of them does.
 * @param {string} source @param {number} first number of the first mutant
 * @returns {{ text: string, mutants: { number: number, line: number, what: string }[] }}
 */
export function switched(source, first) {
  const code = blanked(source);
  /** @type {{ from: number, to: number, put: (number: number) => Put[], what: string }[]} */
  const found = [
    ...checks(code),
    ...comparisons(code),
    ...operands(code),
    ...methods(code),
    ...statements(code),
  ];
  // of two with the same span the comparison, which is put in the middle too, is the inner one
  found.sort(
    (a, b) =>
      a.from - b.from || b.to - a.to || Number(a.isSplit === true) - Number(b.isSplit === true),
  );
  const puts = [];
  const mutants = found.map(({ from, put, what }, i) => {
    const number = first + i;
    puts.push(...put(number).map((each) => ({ ...each, i })));
    return { number, line: source.slice(0, from).split('\n').length, what };
  });
  return { text: edited(source, puts), mutants };
}

/** @typedef {{ at: number, text: string, drop?: number, side: 'open' | 'close' }} Put */

/** Puts the texts in: at one place what closes comes first, inner before outer; what opens, outer before inner. */
function edited(source, puts) {
  puts.sort((a, b) => a.at - b.at || order(a, b));
  let text = '';
  let at = 0;
  for (const put of puts) {
    text += source.slice(at, put.at) + put.text;
    at = put.at + (put.drop ?? 0);
  }
  return text + source.slice(at);
}

function order(a, b) {
  if (a.side !== b.side) return a.side === 'close' ? -1 : 1;
  return a.side === 'close' ? b.i - a.i : a.i - b.i;
}

const wrap = (from, to, [before, after]) => [
  { at: from, text: before, side: 'open' },
  { at: to, text: after, side: 'close' },
];

/** Comments, strings and characters as blanks of the same length, so that nothing is found in them. */
function blanked(source) {
  return source.replace(/\/\/[^\n]*|"(?:[^"\\]|\\.)*"|b?'(?:[^'\\]|\\.)'/g, (text) =>
    ' '.repeat(text.length),
  );
}

/** A check that is not made. */
function* checks(code) {
  for (const match of code.matchAll(/\bensure!\(/g)) {
    const from = skipBlanks(code, match.index + match[0].length);
    const to = endOf(code, from, (text, at) => text[at] === ',');
    yield {
      from,
      to,
      what: `no check: ${shown(code, from, to)}`,
      put: (n) => wrap(from, to, [`crate::mutants::on(${n}) || (`, ')']),
    };
  }
}

/** `<` for `<=`, `==` for `!=`, and so on. */
function* comparisons(code) {
  for (const match of code.matchAll(/\s(<=?|>=?|==|!=)\s/g)) {
    const at = match.index + match[0].indexOf(match[1]);
    const [from, to] = [
      startOf(code, at, isComparisonEdge),
      endOf(code, at + match[1].length, isComparisonEdge),
    ];
    if (from === undefined) continue;
    const isGreater = match[1].startsWith('>');
    const operator = isGreater ? match[1].replace('>', '<') : match[1];
    const parts = COMPARISONS.get(isGreater ? (operator === '<' ? '<=' : '<') : operator);
    const middle = { at, drop: match[1].length, side: 'open' };
    // a > b is !(a <= b), and a ≥ b is !(a < b)
    const put = (n) => {
      const [before, between, after] = parts(n);
      const [left, right] = isGreater ? [`(!${before}`, `${after})`] : [before, after];
      return [...wrap(from, to, [left, right]), { ...middle, text: between }];
    };
    yield {
      from,
      to,
      what: `${match[1]} at its edge: ${shown(code, from, to)}`,
      put,
      isSplit: true,
    };
  }
}

/** A part of a conjunction that always holds, of a disjunction that never does. */
function* operands(code) {
  const seen = new Set();
  for (const match of code.matchAll(/\s(&&|\|\|)\s/g)) {
    const at = match.index + match[0].indexOf(match[1]);
    const sides = [
      [startOf(code, at, isOperandEdge), trimmed(code, at)],
      [skipBlanks(code, at + 2), endOf(code, at + 2, isOperandEdge)],
    ];
    for (const [from, to] of sides) {
      if (from === undefined || seen.has(from) || code.startsWith('let ', from)) continue;
      seen.add(from);
      const [word, join] = match[1] === '&&' ? ['always', ' || '] : ['never', ' && '];
      const not = match[1] === '&&' ? '' : '!';
      const put = (n) => wrap(from, to, [`(${not}crate::mutants::on(${n})${join}(`, '))']);
      yield { from, to, what: `${word}: ${shown(code, from, to)}`, put };
    }
  }
}

/** Addition for subtraction, the smaller for the larger. */
function* methods(code) {
  for (const [name, other] of METHODS) {
    for (let at = code.indexOf(name); at >= 0; at = code.indexOf(name, at + 1)) {
      const from = at;
      const text = (n) => `${other}${n}, `;
      const to = endOf(code, at + name.length, () => false);
      yield {
        from,
        to: at + name.length,
        what: `otherwise: ${shown(code, code.lastIndexOf('\n', at), to + 1)}`,
        put: (n) => [{ at, drop: name.length, text: text(n), side: 'open' }],
      };
    }
  }
}

/** A statement left out. */
function* statements(code) {
  let at = 0;
  for (const line of code.split('\n')) {
    const from = at + line.search(/\S/);
    at += line.length + 1;
    if (
      !STATEMENT.test(line) ||
      /^(if|for|match|while|loop|else|Ok|Err|Some|None)\b/.test(line.trim())
    )
      continue;
    const before = code.slice(0, from).trimEnd().at(-1) ?? '';
    if (!';{}'.includes(before) || before === '') continue;
    const to = endOf(code, from, () => false);
    if (code[to] !== ';' || /^\w+:(?!:)/.test(line.trim())) continue;
    const put = (n) => wrap(from, to + 1, [`if !crate::mutants::on(${n}) { `, ' }']);
    yield { from, to: to + 1, what: `left out: ${shown(code, from, to + 1)}`, put };
  }
}

function isComparisonEdge(code, at) {
  return (
    isOperandEdge(code, at) || code.startsWith(' == ', at - 1) || code.startsWith(' != ', at - 1)
  );
}

/** True where an operand of `&&` or `||` cannot go on. */
function isOperandEdge(code, at) {
  const isWord = (word) => code.startsWith(word, at) && /[^\w]/.test(code[at - 1] ?? ' ');
  return (
    ',;'.includes(code[at] ?? ',') ||
    (/\s/.test(code[at - 1] ?? '') && /^(&&|\|\||=|=>|\+=|-=)\s/.test(code.slice(at, at + 4))) ||
    ['if ', 'return ', 'match ', 'while ', 'in ', 'let ', 'else '].some(isWord)
  );
}

/** Where the expression that ends before `at` begins; undefined where that is not told by text. */
function startOf(code, at, isEdge) {
  let depth = 0;
  for (let i = at - 1; i > 0; i--) {
    const char = code[i];
    if (char === '}' && depth === 0) return undefined;
    if (CLOSE.includes(char)) depth++;
    if (OPEN.includes(char) && depth-- === 0) return skipBlanks(code, i + 1);
    if (depth > 0) continue;
    if (char === '|' && code[i - 1] !== '|' && code[i + 1] !== '|') return skipBlanks(code, i + 1);
    if (isEdge(code, i)) {
      const word = /^(&&|\|\||=>|==|!=|\+=|-=|=|if|return|match|while|in|let|else|,|;)/.exec(
        code.slice(i, i + 6),
      );
      return skipBlanks(code, i + (word?.[0].length ?? 1));
    }
  }
  return undefined;
}

/** Where the expression that begins at `from` ends. */
function endOf(code, from, isEdge) {
  let depth = 0;
  for (let i = skipBlanks(code, from); i < code.length; i++) {
    const char = code[i];
    if (depth === 0 && i > from && (char === ';' || isEdge(code, i))) return trimmed(code, i);
    if (
      depth === 0 &&
      char === '{' &&
      isEdge !== undefined &&
      isEdge.length === 2 &&
      !isStruct(code, i)
    )
      return trimmed(code, i);
    if (OPEN.includes(char)) depth++;
    if (CLOSE.includes(char) && depth-- === 0) return trimmed(code, i);
  }
  return code.length;
}

/** A brace after a name that begins with a capital makes a value; after anything else it begins a block. */
function isStruct(code, at) {
  return (
    /[A-Z]\w*(::\w+)* $/.test(code.slice(Math.max(0, at - 60), at)) &&
    !/\b(if|match|while)\b[^{;]*$/.test(code.slice(Math.max(0, at - 120), at))
  );
}

function skipBlanks(code, at) {
  while (/\s/.test(code[at] ?? '')) at++;
  return at;
}

function trimmed(code, at) {
  while (/\s/.test(code[at - 1] ?? '')) at--;
  return at;
}

function shown(code, from, to) {
  return code.slice(from, to).replaceAll(/\s+/g, ' ').trim().slice(0, 100);
}
