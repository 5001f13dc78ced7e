#!/usr/bin/env node
/** The program: one word chooses a command, and only here it ends. */
import { main } from './main.ts'

// The exit code is set at once and the process ends by itself where it can, so that what was written gets out.
process.exitCode = await main(process.argv.slice(2))
if (process.exitCode !== undefined) process.exit()
