export function pick<T>(among: readonly T[]): T {
  return among[Math.floor(Math.random() * among.length)] as T
}

/** From 0 to less than `max`. */
export function below(max: number): number {
  return Math.floor(Math.random() * max)
}

export function shuffled<T>(values: readonly T[]): T[] {
  const rest = [...values]
  return values.map(() => rest.splice(below(rest.length), 1)[0] as T)
}
