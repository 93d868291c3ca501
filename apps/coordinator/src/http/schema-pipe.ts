import { StandardSchemaValidationPipe } from '@nestjs/common';
import { TallyError } from '@tallystick/kernel';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Validates bodies, queries and path parameters by the zod schema beside them; all faults in one answer. */
export function schemaPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => {
      const faults = issues.map((issue) => ({ where: pathOf(issue), message: issue.message }));
      const detail = faults
        .map(({ where, message }) => (where === '' ? message : `${where}: ${message}`))
        .join('; ');
      const [first] = faults;
      const where = first === undefined || first.where === '' ? {} : { where: first.where };
      return new TallyError('USAGE_INVALID', { detail: detail.slice(0, 2_000), ...where });
    },
  });
}

function pathOf({ path = [] }: Issue): string {
  return path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}
