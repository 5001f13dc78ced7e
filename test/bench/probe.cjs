/**
 * Preloaded (`node --require`) into a sidecar that is looked into: notes when each phase of the start is over, and on SIGUSR2
 * writes what V8 says of itself to the file that OUTRIGGER_PROBE names. A sidecar that is compared with others runs without it.
 */
'use strict'
const fs = require('node:fs')
const net = require('node:net')
const Module = require('node:module')
const { PerformanceObserver, performance } = require('node:perf_hooks')
const v8 = require('node:v8')

/** By phase: when it was over, ms since 1970. */
const marks = {}
const mark = (name) => {
  marks[name] ??= performance.timeOrigin + performance.now()
}

marks.process = performance.timeOrigin
mark('node')

const { _compile: compile } = Module.prototype
Module.prototype._compile = function (...given) {
  try {
    return compile.apply(this, given)
  } finally {
    mark('bundle')
  }
}

const { readFileSync } = fs
fs.readFileSync = function (path, ...rest) {
  if (String(path).endsWith('outrigger.yaml')) mark('run')
  return readFileSync.call(this, path, ...rest)
}

const { listen } = net.Server.prototype
net.Server.prototype.listen = function (...given) {
  mark('configuration')
  this.once('listening', () => {
    marks.listeners = performance.timeOrigin + performance.now()
  })
  return listen.apply(this, given)
}

const gc = { count: 0, ms: 0 }
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) {
    gc.count++
    gc.ms += duration
  }
}).observe({ entryTypes: ['gc'] })

process.on('SIGUSR2', () => {
  const spaces = v8.getHeapSpaceStatistics().map((space) => [space.space_name, space.space_size, space.space_used_size])
  const {
    total_allocated_bytes: allocated,
    external_memory: external,
    malloced_memory: malloced,
  } = v8.getHeapStatistics()
  const said = JSON.stringify({ marks, gc, spaces, allocated, external, malloced })
  const path = process.env.OUTRIGGER_PROBE
  fs.writeFileSync(`${path}.part`, said)
  fs.renameSync(`${path}.part`, path)
})
