/**
 * `npm run test:plain-fields`: the tests with our sources as the bundle has them, their private fields plain ones
 * (docs/decisions/0092-plain-fields.md).
 */
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import { plain } from '../../scripts/bundle/plain-fields.ts'

// Node says once that this is an experiment. Tests that listen for warnings would hear it, whenever their first source is loaded.
const { emitWarning } = process
process.emitWarning = () => {}
stripTypeScriptTypes('')
process.emitWarning = emitWarning

registerHooks({
  load(url, context, next) {
    if (!/\/(?:src|cmd)\/.*\.ts$/.test(url) || url.includes('/node_modules/')) return next(url, context)
    const text = stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'))
    return { format: 'module', shortCircuit: true, source: plain(text, url) }
  },
})
