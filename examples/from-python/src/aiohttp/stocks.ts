import { setTimeout as sleep } from 'node:timers/promises'
import { type SseEvent, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const app: Express = express()
app.use(sse())

const api = (): string => process.env.STOCK_API ?? 'https://api.example.com'

// #region stocks
async function fetchStockPrice(symbol: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(`${api()}/stock/${symbol}`, { signal })
  const { price } = (await response.json()) as { price: number }
  return price
}

async function* prices(signal: AbortSignal): AsyncGenerator<SseEvent> {
  const symbols = ['AAPL', 'GOOGL', 'MSFT']
  for (let i = 0; i < 3; i++) {
    const values = await Promise.all(symbols.map((symbol) => fetchStockPrice(symbol, signal)))
    yield { data: Object.fromEntries(symbols.map((symbol, index) => [symbol, values[index]])) }
    await sleep(5_000, undefined, { signal })
  }
}

app.get('/events', (_req, res) => res.sse(({ signal }) => prices(signal)))

// #endregion stocks

export { app }
