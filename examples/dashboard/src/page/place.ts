/** The state kept in the page's address, so that a reload, or a shared link, shows the same job and room. */
export function remembered(name: 'job' | 'room'): string | undefined {
  return new URLSearchParams(location.search).get(name) ?? undefined
}

export function remember(name: 'job' | 'room', value: string): void {
  const address = new URL(location.href)
  address.searchParams.set(name, value)
  history.replaceState(null, '', address)
}
