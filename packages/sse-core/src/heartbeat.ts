import { startInterval } from './async-context.js'

/** Something that needs a beat after being idle for long enough. */
export interface Beating {
  /** The wheel's tick at the last write. */
  readonly activeTick: number
  /** The wheel's tick at which it is checked next; undefined while it is on no wheel. */
  dueTick: number | undefined
  beat(): void
}

/** The shortest tick of a wheel, in ms, unless the interval itself is shorter. */
const MIN_TICK_MS = 10
/** About how many ticks an interval has, if that makes them no shorter than `MIN_TICK_MS`. */
const SLOTS = 60
/** How many beats run in one turn of the event loop: thousands at once would block it. */
const BEATS_A_TURN = 256

/** One timer for all connections with the same heartbeat interval. Each waits in the slot of its due tick. */
export class HeartbeatWheel {
  tick = 0
  readonly #interval: number
  readonly #slots: Set<Beating>[]
  readonly #tickMs: number
  readonly #onEmpty: () => void
  #size = 0
  #timer: NodeJS.Timeout | undefined

  /** @param intervalMs more than 0 */
  constructor(intervalMs: number, onEmpty: () => void = () => {}) {
    this.#onEmpty = onEmpty
    this.#tickMs = Math.min(intervalMs, Math.max(MIN_TICK_MS, Math.floor(intervalMs / SLOTS)))
    // Rounded down: a proxy's timeout starts at the last byte, not at our tick.
    this.#interval = Math.max(1, Math.floor(intervalMs / this.#tickMs))
    this.#slots = Array.from({ length: this.#interval + 1 }, () => new Set<Beating>())
  }

  add(member: Beating): void {
    this.#size += 1
    this.#place(member, this.tick + this.#interval)
    this.#timer ??= startInterval(() => this.#turn(), this.#tickMs)
  }

  delete(member: Beating): void {
    if (member.dueTick === undefined) return
    this.#slotOf(member.dueTick).delete(member)
    member.dueTick = undefined
    this.#size -= 1
    if (this.#size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#onEmpty()
  }

  #slotOf(tick: number): Set<Beating> {
    return this.#slots[tick % this.#slots.length] as Set<Beating>
  }

  #place(member: Beating, tick: number): void {
    member.dueTick = tick
    this.#slotOf(tick).add(member)
  }

  #turn(): void {
    this.tick += 1
    const slot = this.#slotOf(this.tick)
    if (slot.size > 0) this.#visit([...slot], slot, 0)
  }

  #visit(members: readonly Beating[], slot: Set<Beating>, start: number): void {
    const end = Math.min(members.length, start + BEATS_A_TURN)
    for (let index = start; index < end; index++) {
      const member = members[index] as Beating
      // It may have been removed, or moved to another slot, by now.
      if (!slot.delete(member)) continue
      const isIdle = member.activeTick + this.#interval <= this.tick
      if (isIdle) member.beat()
      // The beat may have found the connection closed, and removed it from the wheel.
      if (member.dueTick === undefined) continue
      this.#place(member, (isIdle ? this.tick : member.activeTick) + this.#interval)
    }
    if (end < members.length) setImmediate(() => this.#visit(members, slot, end))
  }
}

/** Heartbeat wheels by interval: of a manager, or of all streams that have none. */
export class Heartbeats {
  readonly #wheels = new Map<number, HeartbeatWheel>()

  wheel(intervalMs: number): HeartbeatWheel {
    const known = this.#wheels.get(intervalMs)
    if (known !== undefined) return known
    const wheel: HeartbeatWheel = new HeartbeatWheel(intervalMs, () => {
      // A connection may join a wheel that was forgotten. When it leaves, the wheel's successor must stay.
      if (this.#wheels.get(intervalMs) === wheel) this.#wheels.delete(intervalMs)
    })
    this.#wheels.set(intervalMs, wheel)
    return wheel
  }
}
