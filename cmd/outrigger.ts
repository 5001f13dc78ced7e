/** The program: one word chooses a command, and only here it ends. */
import './heap.ts'
import { settled } from './command-line/standard.ts'
import { main } from './main.ts'

main(process.argv.slice(2)).then(
  async (code) => process.exit(await settled(code)),
  (error: unknown) => {
    process.stderr.write(`outrigger: ${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(70)
  },
)
