import { type CustomDecorator, SetMetadata } from '@nestjs/common';

/** Who may call a route. Without a mark only the operator's api-token opens it. */
export type Access = 'public' | 'node';

export const ACCESS_KEY = 'tally:access';

/** No token needed: enrolment (the invite token is in the body), health. */
export const Public = (): CustomDecorator => SetMetadata(ACCESS_KEY, 'public' satisfies Access);

/** The session token of a connected node is enough: downloads a round needs. */
export const ForNodes = (): CustomDecorator => SetMetadata(ACCESS_KEY, 'node' satisfies Access);
