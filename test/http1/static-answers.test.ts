import t from 'tap'
import { answer, get } from '../support/ask.ts'
import { HI, policy, scene } from '../support/scene.ts'

/** A fallback for a service that answers nothing but 500. */
function falling(entry: string): { readonly yaml: string } {
  return { yaml: policy(`fallback:\n  - {when: [any], use: static, ${entry}}`) }
}

const BROKEN = async (peer: { request(): Promise<unknown>; destroy(): unknown }) => {
  await peer.request()
  peer.destroy()
}

t.test('A static 205 says that it has no body, so that the client does not wait for one', async (t) => {
  const { client } = await scene(t, BROKEN, falling('status: 205'))
  const connection = await client()
  connection.send(get('/'))
  const first = await answer(connection)
  t.equal(first.status, 205)
  t.equal(first.body.length, 0)
  connection.send(get('/next'))
  t.equal((await answer(connection, first.next)).status, 205)
})

for (const entry of ['headers: {x-a: "1\u010a\u010aX-B: 2"}', 'contentType: "text/plain\u010aX-B: 2"']) {
  t.test(`A character whose low byte is a line feed ends no field: ${entry.slice(0, 11)}`, async (t) => {
    await t.rejects(scene(t, HI, falling(entry)), /E024 fallback\[0\]/)
  })
}
