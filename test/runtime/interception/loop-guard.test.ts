import t from 'tap'
import { OriginalDestination } from '../../../src/core/original-destination.ts'
import { LoopGuard } from '../../../src/runtime/interception/loop-guard.ts'

const TO = new OriginalDestination('192.0.2.1', 80)

function guard(owner: () => number | undefined) {
  const said: string[] = []
  let asked = 0
  const say = (msg: string, fields?: object) => void said.push(`${msg} ${JSON.stringify(fields)}`)
  const log = { error: say, warn: say, info: say, debug: say }
  const ownerOf = () => {
    asked++
    return owner()
  }
  const looks = new LoopGuard(19_766, ownerOf, log)
  return { looks, said, asked: () => asked }
}

t.test('Of strangers the first ones are looked up, then each that doubles their number', (t) => {
  const { looks, asked } = guard(() => 1000)
  for (let i = 0; i < 10_000; i++) t.notOk(looks.isOurs(1, TO))
  t.equal(asked(), 16 + 9)
  t.end()
})

t.test('One of our own is found, told once, and from then on each is looked up until 16 in a row are not', (t) => {
  let owner = 1000
  const { looks, said, asked } = guard(() => owner)
  for (let i = 0; i < 255; i++) looks.isOurs(1, TO)
  owner = 19_766
  t.ok(looks.isOurs(1, TO))
  const before = asked()
  for (let i = 0; i < 40; i++) {
    owner = i % 2 === 0 ? 1000 : 19_766
    t.equal(looks.isOurs(1, TO), i % 2 === 1)
  }
  t.equal(asked() - before, 40)
  t.equal(said.length, 1)
  t.match(said[0], /do not spare its user .*"uid":19766,"to":"192\.0\.2\.1:80".*--proxy-uid=19766/)
  owner = 1000
  for (let i = 0; i < 16; i++) looks.isOurs(1, TO)
  const after = asked()
  looks.isOurs(1, TO)
  t.equal(asked(), after, 'the rules were mended')
  t.end()
})
