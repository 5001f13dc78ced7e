/** How the program is called inside our image, where there is no shell. */
const NODE = '/nodejs/bin/node'
const BUNDLE = '/app/outrigger.cjs'

export function exec(...args: readonly string[]): object {
  return { exec: { command: [NODE, BUNDLE, ...args] } }
}
