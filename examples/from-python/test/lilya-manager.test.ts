import { describe, expect, test } from '@jest/globals'
import { sseManager } from '@ssekit/sse-core'
import * as managed from '../src/lilya/manager.js'

describe('the manager', () => {
  test('returns the same channel for the same name, and lists the names', async () => {
    expect(managed.chat).toBe(sseManager.getOrCreate('chat'))
    expect(await sseManager.getOrCreate('chat')).toBe(managed.chat)
    expect(managed.names).toContain('chat')
  })

  test('removes one channel or all of them, and ends their listeners', async () => {
    expect(managed.isThere).toBe(true)
    const listening = managed.sports?.listen()[Symbol.asyncIterator]()
    const next = listening?.next()
    expect(managed.forgetSports()).toBe(true)
    expect(await next).toEqual({ done: true, value: undefined })
    await expect(managed.sports?.broadcast('late')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    expect(sseManager.has('sports')).toBe(false)
    managed.forgetAll()
    expect(sseManager.listChannels()).toEqual([])
    expect(sseManager.getOrCreate('news')).not.toBe(managed.news)
  })
})
