/** Where a connection was going before the kernel led it to us. */
export class OriginalDestination {
  /** An address, IPv6 without brackets. */
  readonly host: string
  readonly port: number

  constructor(host: string, port: number) {
    this.host = host
    this.port = port
  }

  /** `host:port`, IPv6 in brackets. */
  get address(): string {
    return this.host.includes(':') ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`
  }
}
