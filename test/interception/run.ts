/** `npm run test:interception`: all that is shown of interception in network namespaces, one file after the other. */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'

const FILES = ['test/runtime/interception/namespaces.test.ts', ...globSync('test/interception/*.test.ts').toSorted()]

const failed = FILES.filter((file) => spawnSync(process.execPath, [file], { stdio: 'inherit' }).status !== 0)
process.stderr.write(failed.length === 0 ? `${FILES.length} files: ok\n` : `failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
