// Runs one example: `node examples/from-python/dist/server.js lilya/basic`, then `curl -N` the address and a path of the file.
import { listen } from './listen.js'

const name = process.argv[2] ?? 'lilya/basic'
const { app, createApp } = await import(`./${name}.js`)
const { url } = await listen(app ?? createApp(), 8080)
console.log(`${name} listens on ${url}`)
