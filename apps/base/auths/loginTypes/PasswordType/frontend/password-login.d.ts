/** What `error` carries. */
export interface PasswordLoginFailure {
  /** The symbolic name: `PASSWORD_ERROR`, `RATE_LIMITED`, …; of the component itself `UNREACHABLE`, `OTHER`. */
  error: string;
  /** The number that belongs to it; 0 for the component's own. */
  errcode: number;
  /** What the server says about it. */
  message: string;
  /** A sentence for people, in their language. */
  sentence?: string;
  /** The number under which the operator finds it; empty when no server answered. */
  requestId: string;
  /** In how many seconds the same may succeed, where the server says so; else 0. */
  retryAfter: number;
  data: Record<string, unknown>;
}

/** What a new password must be like: `authConfig.limit` of `getLoginConfig`. */
export interface PasswordLimit {
  minLength?: number;
  maxLength?: number;
  requireUppercase?: boolean;
  requireLowercase?: boolean;
  requireNumber?: boolean;
  requireSpecialChar?: boolean;
}

/** `<password-login>`. Its events `success` and `error` carry what the function answered, and a `PasswordLoginFailure`. */
export class PasswordLogin extends HTMLElement {
  static readonly purposes: readonly string[];
  static readonly observedAttributes: readonly string[];

  /** The address of the login's functions. */
  api: string;
  /** `login` calls `getLoginCode`, `bind` calls `bind`, `change` calls `updatePassword`. */
  purpose: "login" | "bind" | "change";
  /** Whose password it is; for `bind` and `change`. */
  userId: string;
  get config(): { limit?: PasswordLimit };
  set config(value: { limit?: PasswordLimit } | null);
}

declare global {
  interface HTMLElementTagNameMap {
    "password-login": PasswordLogin;
  }
}
