import { type SseConnection, type SseEvent, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

interface Article {
  readonly id: number
  readonly title: string
  readonly summary: string
  readonly url: string
}

const articles: Article[] = []

const fetchNewArticles = async (sinceId: string): Promise<readonly Article[]> =>
  articles.filter(({ id }) => !/^\d+$/.test(sinceId) || id > Number(sinceId))

const app: Express = express()
app.use(sse())

// #region news
async function* newArticles({ lastEventId }: SseConnection): AsyncGenerator<SseEvent> {
  for (const { id, title, summary, url } of await fetchNewArticles(lastEventId)) {
    yield { data: { title, summary, url }, event: 'article', id: String(id) }
  }
}

// The stream ends after the new items, and the client reconnects for more, every `retryMs`.
app.get('/news/stream', (_req, res) => res.sse(newArticles, { retryMs: 10_000 }))

// #endregion news

export { app, articles }
