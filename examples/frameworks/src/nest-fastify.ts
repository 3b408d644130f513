// #region nest-fastify
import 'reflect-metadata'
import { Controller, Get, Module, Param, Post, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import sse, { SseManager } from '@ssekit/fastify-sse'
import type { FastifyReply } from 'fastify'
import { stepsOf } from './jobs.js'

const manager = new SseManager()
const news = manager.getOrCreate('news')

@Controller()
class NewsController {
  @Get('events')
  events(@Res() reply: FastifyReply) {
    return reply.sse(news)
  }

  @Get('jobs/:id')
  job(@Param('id') id: string, @Res() reply: FastifyReply) {
    return reply.sse(() => stepsOf(id))
  }

  @Post('send')
  send() {
    return news.broadcast({ event: 'notice', data: 'Hello, world!' })
  }
}

@Module({ controllers: [NewsController] })
class AppModule {}

const adapter = new FastifyAdapter({ return503OnClosing: false })
const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter)
// It ends the streams when Nest closes the server.
await app.register(sse, { manager, close: { retryMs: [1_000, 10_000] } })
app.enableShutdownHooks()
await app.listen(process.env.PORT ?? 3000)
console.log(`port: ${new URL(await app.getUrl()).port}`)
// #endregion nest-fastify
