/** A stand-in for a session store: the logged-in user by the value of the cookie. */
export const sessions = new Map([
  ['ann-1', 'ann'],
  ['ann-2', 'ann'],
  ['bob-1', 'bob'],
])
