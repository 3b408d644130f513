/** An HTTP/1 request, as it is written to the wire. */
export interface RawRequest {
  /** @defaultValue `'GET'` */
  readonly method?: string | undefined
  /** @defaultValue `'/'` */
  readonly path?: string | undefined
  /** @defaultValue `'1.1'` */
  readonly version?: '1.0' | '1.1' | undefined
  /** Values may be any bytes; an array repeats the header. */
  readonly headers?: Readonly<Record<string, string | Buffer | readonly (string | Buffer)[]>> | undefined
  /** Sent with a `Content-Length`. */
  readonly body?: string | Buffer | undefined
}

/** Returns the bytes of a request. Nothing is checked, so that a test can send malformed ones. */
export function rawRequest({ method = 'GET', path = '/', version = '1.1', headers = {}, body }: RawRequest): Buffer {
  const parts: Buffer[] = [Buffer.from(`${method} ${path} HTTP/${version}\r\nHost: localhost\r\n`)]
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      parts.push(Buffer.from(`${name}: `), Buffer.from(one as string | Buffer), Buffer.from('\r\n'))
    }
  }
  if (body !== undefined) parts.push(Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n`))
  parts.push(Buffer.from('\r\n'))
  if (body !== undefined) parts.push(Buffer.from(body))
  return Buffer.concat(parts)
}
