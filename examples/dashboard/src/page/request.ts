/** Sends a request; if it fails, or is refused, it rejects with an error whose message can be shown. */
export async function request(address: string, init: RequestInit): Promise<Response> {
  const response = await fetch(address, init).catch(() => {
    throw new Error('The server does not answer')
  })
  if (!response.ok) throw new Error(`The server refused that with status ${response.status}`)
  return response
}

/** What to show of an error. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
