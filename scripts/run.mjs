import { spawnSync } from 'node:child_process'

/**
 * Runs a program to its end with this terminal, but without its input: no step may wait for an answer.
 * Ends this process with the program's exit code if that is not 0.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} [options]
 */
export function run(command, args, options = {}) {
  // On Windows npx is a .cmd file, which only a shell can start.
  const shell = process.platform === 'win32' && command !== process.execPath
  const { status, error } = spawnSync(command, args, { ...options, shell, stdio: ['ignore', 'inherit', 'inherit'] })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

/**
 * Runs a tool from node_modules with the Node that runs this script, whatever PATH says.
 *
 * @param {string} script path below node_modules
 * @param {readonly string[]} args
 */
export function runTool(script, args) {
  run(process.execPath, [`node_modules/${script}`, ...args])
}
