/** Who this is, and what an operator has to know first. */
import type { Frame } from '../live/frame.ts'
import type { ServiceHistory } from '../live/history.ts'
import { type Trouble, troubles } from '../live/troubles.ts'
import { many, seconds } from '../live/words.ts'
import { find, make, type Row, Rows, setClass, setText } from './dom.ts'

export class Summary {
  readonly #name = find('#name')
  readonly #facts = new Rows<readonly [string, string]>(find('#facts'), ([name]) => name, fact, '')
  readonly #announced = find('#announced')
  // The text is the key, so that a figure that changes changes in its place.
  readonly #troubles = new Rows<Trouble>(find('#troubles'), ({ text }) => text.replaceAll(/[\d.]+/g, '#'), trouble, '')

  show(frame: Frame, services: readonly ServiceHistory[]): void {
    const { name, version, uptimeSeconds, connections, config, drain } = frame
    setText(this.#name, name)
    this.#facts.show([
      ['state', drain],
      ['up', seconds(uptimeSeconds)],
      ['clients', `${connections.inbound} in, ${connections.outbound} out`],
      [
        'policy',
        config.warnings === 0
          ? config.hash.slice(0, 8)
          : `${config.hash.slice(0, 8)}, ${many(config.warnings, 'warning')}`,
      ],
      ['version', version],
    ])
    const found = troubles(frame, services)
    const calm: Trouble = { severity: 'good', text: 'Nothing is refused, ejected, full or failing.' }
    this.#troubles.show(found.length === 0 ? [calm] : found)
    // Read out when it changes: without the figures, which change every second.
    setText(
      this.#announced,
      found.map(({ text }) => text.replace(/,.*/, '').replaceAll(/[\d.]+ ?%? ?/g, '')).join('; '),
    )
    const bad = found.filter(({ severity }) => severity === 'bad').length
    const title = bad === 0 ? name : `(${bad}) ${name}`
    if (document.title !== `${title}, Outrigger`) document.title = `${title}, Outrigger`
  }
}

function fact([name]: readonly [string, string]): Row<readonly [string, string]> {
  const value = make('dd')
  const element = make('div', {}, make('dt', { text: name }), value)
  return { element, update: ([, text]) => setText(value, text) }
}

function trouble(): Row<Trouble> {
  const element = make('li')
  return {
    element,
    update: ({ severity, text }) => {
      setClass(element, `badge ${severity}`)
      setText(element, text)
    },
  }
}
