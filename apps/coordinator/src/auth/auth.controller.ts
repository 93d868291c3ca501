import type { IncomingMessage, ServerResponse } from 'node:http';
import { Body, Controller, Get, HttpCode, Optional, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiResponse } from '@nestjs/swagger';
import { isTallyError, TallyError } from '@tallystick/kernel';
import {
  FirstAdminRequest,
  LinkRequest,
  LoginRequest,
  type Me,
  MeView,
  SignedIn,
  TicketView,
} from '@tallystick/protocol';
import { UserRows } from '../persistence/user-rows.js';
import { Allow, Public } from './access.js';
import { OidcSignIn } from './oidc-sign-in.js';
import { Caller, type Principal } from './principal.js';
import { SignIn } from './sign-in.js';

/** Sign in, sign out, and who one is. */
@Controller('api/v1/auth')
export class AuthController {
  constructor(
    private readonly signIn: SignIn,
    private readonly users: UserRows,
    @Optional() private readonly oidc?: OidcSignIn,
  ) {}

  @Get('me')
  @Public()
  @ApiResponse({ status: 200, standardSchema: MeView })
  async me(@Caller() by: Principal | undefined): Promise<MeView> {
    return {
      me: by === undefined ? null : meOf(by),
      oidc: this.oidc !== undefined,
      firstAdmin: !(await this.users.hasAdmin()),
    };
  }

  @Post('login')
  @Public()
  @HttpCode(200)
  @ApiResponse({ status: 200, standardSchema: SignedIn })
  async login(
    @Body({ schema: LoginRequest }) body: LoginRequest,
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<SignedIn> {
    return { me: meOf(await this.signIn.withPassword(body, { request, response })) };
  }

  @Post('link')
  @Public()
  @HttpCode(200)
  @ApiResponse({ status: 200, standardSchema: SignedIn })
  async link(
    @Body({ schema: LinkRequest }) { ticket }: LinkRequest,
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<SignedIn> {
    return { me: meOf(await this.signIn.withTicket(ticket, { request, response })) };
  }

  @Post('first-admin')
  @Public()
  @HttpCode(200)
  @ApiResponse({ status: 200, standardSchema: SignedIn })
  async firstAdmin(
    @Body({ schema: FirstAdminRequest }) body: FirstAdminRequest,
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<SignedIn> {
    return { me: meOf(await this.signIn.firstAdmin(body, { request, response })) };
  }

  /** A sign-in link of the operator; only the operator's own token makes one. */
  @Post('tickets')
  @Allow('people.manage')
  @ApiResponse({ status: 201, standardSchema: TicketView })
  ticket(@Caller() by: Principal): Promise<TicketView> {
    if (by.kind !== 'operator' || by.session !== undefined) {
      throw new TallyError('AUTH_DENIED', { what: 'a sign-in link; it needs the api-token' });
    }
    return this.signIn.ticket();
  }

  @Post('logout')
  @Public()
  @HttpCode(204)
  async logout(
    @Caller() by: Principal | undefined,
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<void> {
    await this.signIn.out(by, { request, response });
  }

  @Get('oidc/start')
  @Public()
  @ApiExcludeEndpoint()
  async start(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    this.signIn.attempt(request);
    const url = await this.#provider().start({ request, response });
    redirect(response, url);
  }

  /** Back to the page; after a refusal with its code behind `#refused=`. */
  @Get('oidc/callback')
  @Public()
  @ApiExcludeEndpoint()
  async callback(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    const oidc = this.#provider();
    try {
      await this.signIn.withProvider(() => oidc.finish({ request, response }), {
        request,
        response,
      });
      redirect(response, '/');
    } catch (error) {
      if (!isTallyError(error) || error.spec.status >= 500) throw error;
      redirect(response, `/#refused=${error.code}`);
    }
  }

  #provider(): OidcSignIn {
    if (this.oidc !== undefined) return this.oidc;
    throw new TallyError('AUTH_PROVIDER', { reason: 'none is configured (TALLY_OIDC__ISSUER)' });
  }
}

function redirect(response: ServerResponse, location: string): void {
  response.statusCode = 302;
  response.setHeader('location', location);
  response.end();
}

function meOf({ kind, name, role, organisation, permissions }: Principal): Me {
  const bound = organisation ?? null;
  return { kind, name, role, organisation: bound, permissions: [...permissions] };
}
