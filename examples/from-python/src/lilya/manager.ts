// #region manager
import { type SseChannel, sseManager } from '@ssekit/sse-core'

// Get or create a channel. This is synchronous; an `await` does no harm.
const chat: SseChannel = sseManager.getOrCreate('chat')

// The names of all channels.
const names: string[] = sseManager.listChannels()
// #endregion manager

// #region more
const [news, sports] = ['news', 'sports'].map((name) => sseManager.getOrCreate(name))
const isThere: boolean = sseManager.has('news')

function forgetSports(): boolean {
  // Its streams end, and later broadcasts to it reject with ERR_SSE_CLOSED.
  return sseManager.delete('sports')
}

function forgetAll(): void {
  sseManager.clear()
}

// #endregion more

export { chat, forgetAll, forgetSports, isThere, names, news, sports }
