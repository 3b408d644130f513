/** A stand-in for a table of rooms: the names of those that exist. */
export const rooms = new Set(['red', 'blue', 'green'])
