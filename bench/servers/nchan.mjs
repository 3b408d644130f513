// nginx with the nchan module, if it is installed (Debian's package is libnginx-mod-nchan).
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { answer } from '../answering.mjs'
import { freePort } from '../free-port.mjs'
import { maxOpenFiles } from '../limits.mjs'

const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so'

// On Debian, users do not have its folder on their PATH.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }
const isInstalled = existsSync(MODULE) && spawnSync('nginx', ['-v'], { env, stdio: 'ignore' }).status === 0
if (isInstalled) await start()
else answer({ leftOut: 'it needs nginx with the nchan module (Debian: libnginx-mod-nchan)' }, {})

async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'ssekit-bench-'))
  const port = await freePort()
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port))
  const master = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  process.once('exit', () => master.kill())
  master.once('exit', () => process.exit(1))
  const pid = await workerOf(master)
  rmSync(folder, { recursive: true })
  answer({ port, controlPort: port, protocol: 'post', pid }, {})
}

/**
 * @param {string} folder
 * @param {number} port
 */
function configuration(folder, port) {
  return `
load_module ${MODULE};
daemon off;
worker_processes 1;
worker_rlimit_nofile ${Math.min(maxOpenFiles(), 100_000)};
# It removes this by itself in the end.
pid ${folder}.pid;
error_log stderr crit;
events { worker_connections 50000; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_body_temp_path ${folder};
  proxy_temp_path ${folder};
  fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder};
  scgi_temp_path ${folder};
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /publish {
      nchan_publisher;
      nchan_channel_id bench;
      nchan_message_buffer_length 10;
    }
    location / {
      nchan_subscriber eventsource;
      nchan_channel_id bench;
      nchan_subscriber_first_message newest;
      nchan_eventsource_ping_interval 0;
    }
  }
}
`
}

/**
 * The worker process, once it runs: the port is then open. @param {import('node:child_process').ChildProcess} master
 */
async function workerOf({ pid }) {
  for (;;) {
    const [worker = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    if (worker !== '') return Number(worker)
    await sleep(10)
  }
}
