import { usage } from '../command-line/usage.ts'

const FILES = {
  filename: { value: 'FILE|FOLDER|-', short: 'f', many: true, says: 'manifests', otherwise: '-, the standard input' },
  path: { value: 'a.b', says: 'where the pod template is, in an object of another kind than the usual ones' },
} as const

export const INJECT = usage({
  name: 'inject',
  brief: 'manifests with the label that asks for a sidecar, or with the whole of it (--manual)',
  synopsis: '[FILE|FOLDER|-]…',
  takesWords: true,
  flags: {
    ...FILES,
    set: { value: 'NAME=VALUE', many: true, says: 'an annotation by its short name' },
    manual: { says: 'put in the whole sidecar, as the injector with the file of --config would' },
    config: { value: 'PATH', says: "the injector's file, for --manual" },
    'kubernetes-version': { value: '1.N', says: 'what --manual is for', otherwise: '1.33' },
  },
  variables: [],
  exit: { 0: 'every object was seen to', 1: 'something cannot be read, or was refused; then nothing is written' },
})

export const UNINJECT = usage({
  name: 'uninject',
  brief: 'manifests without what inject put into them',
  synopsis: '[FILE|FOLDER|-]…',
  takesWords: true,
  flags: FILES,
  variables: [],
  exit: { 0: 'every object was seen to', 1: 'something cannot be read; then nothing is written' },
})
