// #region nest
import 'reflect-metadata'
import { type BeforeApplicationShutdown, Controller, Get, Module, Param, Post, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { SseManager, sse } from '@ssekit/express-sse'
import type { Response } from 'express'
import { stepsOf } from './jobs.js'

const manager = new SseManager()
const news = manager.getOrCreate('news')

@Controller()
class NewsController {
  @Get('events')
  events(@Res() res: Response) {
    return res.sse(news)
  }

  @Get('jobs/:id')
  job(@Param('id') id: string, @Res() res: Response) {
    return res.sse(() => stepsOf(id))
  }

  @Post('send')
  send() {
    return news.broadcast({ event: 'notice', data: 'Hello, world!' })
  }
}

@Module({ controllers: [NewsController] })
class AppModule implements BeforeApplicationShutdown {
  // Nest calls it before it closes the server, which would wait for open streams forever.
  async beforeApplicationShutdown() {
    await manager.close({ retryMs: [1_000, 10_000] })
  }
}

const app = await NestFactory.create(AppModule, { forceCloseConnections: true })
app.use(sse({ manager }))
app.enableShutdownHooks()
await app.listen(process.env.PORT ?? 3000)
console.log(`port: ${new URL(await app.getUrl()).port}`)
// #endregion nest
