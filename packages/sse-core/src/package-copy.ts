// Two copies of this package in one process (two installed versions, or one in a bundle and one beside it) do not know
// each other's classes. A channel of the other copy would be taken for any iterable, and streamed without what the client
// missed. `import` and `require()` load the same copy: see scripts/build.mjs.
const COPY = Symbol.for('@ssekit/sse-core.copy')
const ours = Symbol('this copy')

/** Marks the instances of a class as belonging to this copy. */
export function markAsOurs({ prototype }: { readonly prototype: object }): void {
  Object.defineProperty(prototype, COPY, { value: ours })
}

/** @throws {TypeError} a source is a channel, a `listen()` or a `merge()` of another copy of this package */
export function requireOurs(source: object): void {
  const copy: unknown = Reflect.get(source, COPY)
  if (copy === undefined || copy === ours) return
  throw new TypeError(
    'the channel is of another copy of @ssekit/sse-core: the process must load only one, not two versions, nor one in a bundle and one outside of it',
  )
}
