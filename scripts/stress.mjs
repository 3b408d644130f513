// `npm run stress`: the tests that `npm test` keeps short, at full length, which takes some minutes.
// `npm run stress -- cut` runs only tests whose path contains the word `cut`; flags are passed to Jest.
import { run } from './run.mjs'

const words = process.argv.slice(2).filter((arg) => !arg.startsWith('-'))
const flags = process.argv.slice(2).filter((arg) => arg.startsWith('-'))
const anyOfThem = words.length === 0 ? '' : `(${words.join('|')}).*`

process.env.SSEKIT_STRESS = 'full'
run(process.execPath, ['scripts/test.mjs', `${anyOfThem}\\.stress\\.test\\.ts$`, ...flags])
