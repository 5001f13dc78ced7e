import t from 'tap'
import { formatIssue } from '../../../src/config/issues.ts'
import { readSettings } from '../../../src/kubernetes/inject/load-settings.ts'
import { settings } from '../../support/pods.ts'

const problems = (text: string): string[] => readSettings(text).issues.map(formatIssue)

t.test("The injector's file needs images and nothing else", async (t) => {
  const { proxy, app, policy, interception } = settings()
  t.match(
    { uid: proxy.uid, sleep: app.preStopSleep, policy, interception },
    {
      uid: 19765,
      sleep: 5000,
      policy: { configMap: 'outrigger-policy', required: false },
      interception: 'redirect',
    },
  )
  t.same(settings('proxy: {skipInboundPorts: [9100, "8300-8400"]}\n').proxy.skipInboundPorts, ['9100', '8300-8400'])
})

t.test('What is wrong is said with its place', async (t) => {
  t.match(problems('images: {proxy: a}\n'), [/config\.yaml:1:1: error E021 images\.init must name an image/])
  t.same(problems('images: {proxy: a}\ninterception: none\n'), [])
  t.match(problems('images: {proxy: a, init: b}\nproxy: {cpu: {limit: 1}, logLevle: x}\n'), [
    /2:22: error E022 proxy\.cpu\.limit must be a quantity.*write "1"/,
    /2:26: error E020 unknown key 'logLevle' in proxy; did you mean 'logLevel'/,
  ])
  t.match(problems(''), [/must hold one document, found none/])
})

t.test('Ports and blocks that the program would not read in a pod are no settings', async (t) => {
  const images = 'images: {proxy: a, init: b}\n'
  t.match(problems(`${images}proxy: {skipInboundPorts: [80, "8400-8300"], opaquePorts: ["99999"]}\n`), [
    /2:32: error E024 proxy\.skipInboundPorts\[1\] must be ports.*found '8400-8300': write 8300-8400/,
    /2:60: error E024 proxy\.opaquePorts\[0\] must be ports.*'99999' is neither/,
  ])
  t.match(
    problems(`${images}proxy: {skipOutboundPorts: ["0"], skipOutboundCidrs: [10.0.0.0/33, 10.0.0.7, "::/0", "1.2"]}\n`),
    [
      /proxy\.skipOutboundPorts\[0\]/,
      /proxy\.skipOutboundCidrs\[0\] must be a block.*found '10.0.0.0\/33': the length is 0 to 32/,
      /proxy\.skipOutboundCidrs\[3\]/,
    ],
  )
})
