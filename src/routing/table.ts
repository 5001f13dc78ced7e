/**
 * From a request to its compiled route. The tests of all route entries form a decision tree that grows as requests come:
 * a request that was seen in kind before costs the tests on its way and nothing else, no key and no allocation.
 */
import type { Headers } from '../core/headers.ts'
import { testsMeet } from './overlap.ts'
import type { RequestTest } from './request-test.ts'
import { type Resolution, resolve } from './resolve.ts'
import type { Rule } from './rule.ts'
import { compare } from './specificity.ts'
import type { StatedBlock } from './stated.ts'

/**
 * Clients choose headers, and n tests on n headers have 2ⁿ outcomes: past this many nodes a tree grows no more and what it
 * does not know is worked out for each request anew. Routes are few all the same, for they differ only in what holds.
 */
const MOST_NODES = 4096

/** One question, and what follows from either answer; without a question, the end. */
class Node<T> {
  readonly test: RequestTest | undefined
  /** Tests passed on the way here. */
  readonly passed: readonly RequestTest[]
  /** Tests still to make behind this one. */
  readonly behind: readonly RequestTest[]
  yes: Node<T> | undefined
  no: Node<T> | undefined
  route: T | undefined

  constructor(passed: readonly RequestTest[], open: readonly RequestTest[]) {
    this.test = open[0]
    this.passed = passed
    this.behind = open.slice(1)
    this.yes = undefined
    this.no = undefined
    this.route = undefined
  }
}

/** The routes of one destination. `T` is what a route is compiled to. */
export class RouteTable<B extends StatedBlock, T extends object> {
  readonly #compile: (resolution: Resolution<B>) => T
  readonly #rules: readonly Rule<B>[]
  readonly #root: Node<T>
  readonly #routes: Map<string, T>
  #nodes: number

  /** `rules` as `rulesFor` gives them. `compile` is called once for each combination of statements that is met. */
  constructor(rules: readonly Rule<B>[], compile: (resolution: Resolution<B>) => T) {
    this.#compile = compile
    // The most specific first: what passes such a test rules out most of the others.
    this.#rules = rules.toSorted(compare)
    this.#root = new Node([], distinctTests(this.#rules))
    this.#routes = new Map()
    this.#nodes = 1
  }

  /** The compiled routes so far. */
  get size(): number {
    return this.#routes.size
  }

  /** `path` in normal form; `authority` as it came, '' where none did. */
  find(method: string, path: string, headers: Headers, authority: string): T {
    let node = this.#root
    for (;;) {
      const test = node.test
      if (test === undefined) return node.route === undefined ? this.#settle(node) : node.route
      const passes = test.matches(method, path, headers, authority)
      const next = passes ? node.yes : node.no
      if (next !== undefined) node = next
      else if (this.#nodes < MOST_NODES) node = this.#grow(node, test, passes)
      else return this.#workOut(follow(node, test, passes), method, path, headers, authority)
    }
  }

  #grow(node: Node<T>, test: RequestTest, passes: boolean): Node<T> {
    const next = follow(node, test, passes)
    if (passes) node.yes = next
    else node.no = next
    this.#nodes++
    return next
  }

  #settle(node: Node<T>): T {
    const route = this.#routeOf(node.passed)
    node.route = route
    return route
  }

  #workOut(start: Node<T>, method: string, path: string, headers: Headers, authority: string): T {
    let node = start
    while (node.test !== undefined) node = follow(node, node.test, node.test.matches(method, path, headers, authority))
    return this.#routeOf(node.passed)
  }

  #routeOf(passed: readonly RequestTest[]): T {
    const keys = new Set(passed.map((test) => test.key))
    const resolution = resolve(this.#rules.filter(({ test }) => test === undefined || keys.has(test.key)))
    const name = this.#nameOf(resolution)
    let route = this.#routes.get(name)
    if (route === undefined) {
      route = this.#compile(resolution)
      this.#routes.set(name, route)
    }
    return route
  }

  /** Equal for resolutions that come to the same; what only watches is part of it. */
  #nameOf({ template, stream, blocks, shadows }: Resolution<B>): string {
    const chosen: string[] = []
    for (const [block, { rule }] of blocks) chosen.push(`${block}=${this.#rules.indexOf(rule)}`)
    for (const [block, { rule }] of shadows) chosen.push(`shadow ${block}=${this.#rules.indexOf(rule)}`)
    return JSON.stringify([template, stream, chosen.sort()])
  }
}

function follow<T>(node: Node<T>, test: RequestTest, passes: boolean): Node<T> {
  if (!passes) return new Node(node.passed, node.behind)
  const open = node.behind.filter((other) => testsMeet(test, other))
  return new Node(node.passed.concat(test), open)
}

function distinctTests(rules: readonly Rule[]): RequestTest[] {
  const tests = new Map<string, RequestTest>()
  for (const { test } of rules) if (test !== undefined && !tests.has(test.key)) tests.set(test.key, test)
  return tests.values().toArray()
}
