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
