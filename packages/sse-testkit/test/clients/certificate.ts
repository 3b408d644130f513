import { generateKeyPairSync, sign } from 'node:crypto'

/** A key and the certificate that it has signed itself, both in PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

/**
 * A certificate for one test run. It is written by hand, since Node cannot make one, not every machine has openssl, and a
 * key in a repository alarms people.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export function selfSignedCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'))
  const commonName = sequence(tagged(0x31, sequence(Buffer.from('0603550403', 'hex'), tagged(0x0c, 'localhost'))))
  const validity = sequence(tagged(0x17, '200101000000Z'), tagged(0x17, '491231235959Z'))
  const serialNumber = tagged(0x02, Buffer.from([1]))
  const subjectKey = publicKey.export({ type: 'spki', format: 'der' })
  const content = sequence(serialNumber, ecdsaWithSha256, commonName, validity, commonName, subjectKey)
  const signature = tagged(0x03, Buffer.from([0]), sign('sha256', content, privateKey))
  const certificate = sequence(content, ecdsaWithSha256, signature).toString('base64')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
  }
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tagged(0x30, ...parts)
}

/** A DER value: its tag, its length, its content. */
function tagged(tag: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const size = content.length
  // Browsers refuse a length that takes more bytes than it needs.
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}
