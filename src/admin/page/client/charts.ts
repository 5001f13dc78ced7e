/** Small charts of the last minutes, drawn by uPlot. */
import type uPlotClass from 'uplot'
import type { Point } from '../live/history.ts'
import { make, setAttribute, setText } from './dom.ts'

/** page.html loads it before the modules. */
declare const uPlot: typeof uPlotClass

/** s that a chart shows: as much as there is, within these. */
const LEAST = 60
const MOST = 300
const HEIGHT = 44
/** Until it has a place, whose width it takes. */
const WIDTH = 220

export interface Line {
  /** A custom property of the style sheet, `--blue`. */
  readonly colour: string
  readonly fill: boolean
  /** Not drawn where it is zero: a red line that says nothing is wrong would be seen first. */
  readonly unlessZero?: boolean
  value(point: Point): number
}

export class Chart {
  readonly element: HTMLElement
  readonly #lines: readonly Line[]
  readonly #most = make('span', { class: 'most', 'aria-hidden': 'true' })
  readonly #plot: uPlotClass
  readonly #say: (value: number) => string
  readonly #title: string
  readonly #area = make('div', { class: 'plot' })
  /** s on the sidecar's clock. */
  #from = 0
  #to = 1

  /** `say` writes a value with its unit; `title` names what is drawn to whoever does not see it. */
  constructor(title: string, lines: readonly Line[], say: (value: number) => string) {
    this.#lines = lines
    this.#say = say
    this.#title = title
    this.element = make('div', { class: 'chart', role: 'img' }, this.#most, this.#area)
    const options: uPlotClass.Options = {
      width: WIDTH,
      height: HEIGHT,
      padding: [2, 0, 2, 0],
      legend: { show: false },
      cursor: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: {
        x: { time: false, range: () => [this.#from, this.#to] },
        y: { range: (_plot, _least, most) => [0, Math.max(most * 1.08, 1e-3)] },
      },
      series: [{}, ...lines.map((line) => seriesOf(line))],
    }
    this.#plot = new uPlot(options, [[], ...lines.map(() => [])] as unknown as uPlotClass.AlignedData, this.#area)
  }

  /** `now` in s on the sidecar's clock. */
  show(points: readonly Point[], now: number): void {
    this.#from = Math.min(now - LEAST, Math.max(now - MOST, points[0]?.at ?? now))
    this.#to = now
    this.#fit()
    const columns = this.#lines.map((line) => valuesOf(line, points))
    this.#plot.setData([points.map(({ at }) => at), ...columns] as uPlotClass.AlignedData)
    const first = (columns[0] ?? []).filter((value) => value !== null)
    const most = Math.max(0, ...first)
    setText(this.#most, first.length === 0 ? '' : this.#say(most))
    const last = first.at(-1)
    const told = last === undefined ? 'no figures yet' : `now ${this.#say(last)}, at most ${this.#say(most)}`
    setAttribute(this.element, 'aria-label', `${this.#title} of the last five minutes: ${told}`)
  }

  #fit(): void {
    const width = this.#area.clientWidth
    if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT })
  }

  /** The colours have changed. */
  redraw(): void {
    this.#plot.redraw()
  }
}

function seriesOf({ colour, fill }: Line): uPlotClass.Series {
  // A function is asked at each drawing: the scheme may change from light to dark.
  const stroke = () => resolved(colour)
  return {
    width: 1.5,
    stroke,
    points: { show: false },
    spanGaps: false,
    ...(fill && { fill: () => `color-mix(in srgb, ${stroke()} 22%, transparent)` }),
  }
}

/** A colour as a canvas takes it: the value of the property itself is still `light-dark(…)`. */
function resolved(colour: string): string {
  const probe = make('span')
  probe.style.color = `var(${colour})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

function valuesOf({ value, unlessZero }: Line, points: readonly Point[]): (number | null)[] {
  const values = points.map((point) => drawable(value(point)))
  if (unlessZero !== true) return values
  // A zero beside something else is where its edge comes down to.
  const isNothing = (at: number) => (values[at] ?? 0) === 0
  return values.map((value, at) => (isNothing(at - 1) && isNothing(at) && isNothing(at + 1) ? null : value))
}

/** Nothing is drawn where nothing was measured; what is beyond the last bucket is drawn at its bound. */
function drawable(value: number): number | null {
  if (Number.isNaN(value)) return null
  return Number.isFinite(value) ? value : 10_000
}
