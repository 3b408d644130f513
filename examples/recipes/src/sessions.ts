/** A stand-in for a session store: who has logged in, by the value of their cookie. */
export const sessions = new Map([
  ['ann-1', 'ann'],
  ['ann-2', 'ann'],
  ['bob-1', 'bob'],
])
