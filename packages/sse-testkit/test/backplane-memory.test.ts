import { test } from '@jest/globals'
import { memoryBackplane } from '@ssekit/sse-core'
import { backplaneContract } from '@ssekit/sse-testkit'

backplaneContract({
  test,
  nodes: async (count, history) => {
    const shared = memoryBackplane({ history })
    return Array.from({ length: count }, () => shared)
  },
})
