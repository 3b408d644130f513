import { spawnSync } from 'node:child_process'

/**
 * Runs a program to its end, with the output of this terminal but not its input: no step may wait for an answer. If the
 * exit code is not 0, exits this process with the same code.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} [options]
 */
export function run(command, args, options = {}) {
  // On Windows, npx is a .cmd file, which only a shell can start.
  const shell = process.platform === 'win32' && command !== process.execPath
  const { status, error } = spawnSync(command, args, { ...options, shell, stdio: ['ignore', 'inherit', 'inherit'] })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

/**
 * Runs a tool from node_modules with the Node that runs this script, regardless of PATH.
 *
 * @param {string} script path below node_modules
 * @param {readonly string[]} args
 */
export function runTool(script, args) {
  run(process.execPath, [`node_modules/${script}`, ...args])
}
