/** Writes, corked: whatever one turn of the event loop causes goes to each peer in one write. */
import type { Socket } from 'node:net'
import { type Block, giveBlock, takeBlock } from './block.ts'
import { isEncrypted } from './encrypted.ts'
import { awaitTurn, moreWaits, type Waiting } from './turn.ts'

/** Told when the kernel takes no more, and when it takes again. */
export interface OutboxOwner {
  blocked(): void
  drained(): void
  /** The peer has closed the connection: a write was refused at once. Nothing more goes out, and Node closes it behind this turn. */
  refused(): void
}

/** Up to here parts are copied into one buffer; above it they go as a vector. */
const COPY_LIMIT = 16 * 1024

/** A vector of parts smaller than this on average costs more than a copy: a body of one-byte chunks has 30 000 in one read. */
const SMALL_PART = 512

/** Shared by all small writes: the kernel takes one nearly always at once, and then it is free again. */
let slab = Buffer.allocUnsafeSlow(COPY_LIMIT)

/** What waits to be written to one socket. */
export class Outbox implements Waiting {
  readonly #socket: Socket
  readonly #owner: OutboxOwner
  /** TLS says only later that it took a write: what is shared would be given away with each. */
  readonly #encrypted: boolean
  #parts: Buffer[]
  #size: number
  #dirty: boolean
  #ending: boolean
  #blocked: boolean
  /** The block that is being filled, from where it is not handed on yet, and to where it is filled. */
  #block: Block | undefined
  #from: number
  #to: number
  /** Blocks that were filled since the last flush. */
  #filled: Block[] | undefined
  /** Blocks in which bytes stand that the kernel did not take yet. */
  #kept: Block[] | undefined
  /** Flushes so far: what was written since is still here, and may be changed. */
  flushes: number
  /** Flushes that reached the socket: 1 while only the first write was made. */
  writes: number
  /** The first of these that the socket refused at once: none of its bytes went anywhere. 0: it refused none. */
  refusedAt: number
  /** TLS keeps what is written while it writes, and so may be refused it later. */
  readonly #written: ((error?: Error | null) => void) | undefined

  constructor(socket: Socket, owner: OutboxOwner) {
    this.#socket = socket
    this.#owner = owner
    this.#encrypted = isEncrypted(socket)
    this.#parts = []
    this.#size = 0
    this.#dirty = false
    this.#ending = false
    this.#blocked = false
    this.#block = undefined
    this.#from = 0
    this.#to = 0
    this.#filled = undefined
    this.#kept = undefined
    this.flushes = 0
    this.writes = 0
    this.refusedAt = 0
    this.#written = this.#encrypted ? (error) => this.#refusedLater(error) : undefined
  }

  /** What is written in frames is copied at once, whatever its size: its bytes are free again. */
  get copies(): boolean {
    return !this.#encrypted
  }

  /** Bytes that wait for a flush. */
  get size(): number {
    return this.#size
  }

  get blocked(): boolean {
    return this.#blocked
  }

  /** Bytes that the kernel has not taken yet, here and in the socket. */
  get waiting(): number {
    return this.#size + this.#socket.writableLength
  }

  /** Goes out as it is, without a copy. */
  bytes(chunk: Buffer): void {
    if (this.#to > this.#from) this.#handOn()
    this.#parts.push(chunk)
    moreWaits(chunk.length, 0)
    this.#grow(chunk.length)
  }

  /** A buffer with room for `size` bytes from `this.at` on; what is written there counts once `commit` is called. */
  room(size: number): Buffer {
    return size <= this.left ? (this.#block as Block).bytes : this.#nextBlock(size)
  }

  /** Bytes of room in the block that is being filled; 0 without one. */
  get left(): number {
    return this.#block === undefined ? 0 : this.#block.bytes.length - this.#to
  }

  /** Of a chunk of at most `left` bytes: it goes out behind what was written, and need not stay. */
  copy(chunk: Buffer): void {
    ;(this.#block as Block).bytes.set(chunk, this.#to)
    this.commit(this.#to + chunk.length)
  }

  /** Where the room begins. */
  get at(): number {
    return this.#to
  }

  /** `to`: where what was written into the room ends. */
  commit(to: number): void {
    const size = to - this.#to
    this.#to = to
    moreWaits(0, size)
    this.#grow(size)
  }

  #nextBlock(size: number): Buffer {
    const full = this.#block
    if (full !== undefined) {
      if (this.#to > this.#from) this.#handOn()
      if (this.#filled === undefined) this.#filled = []
      this.#filled.push(full)
    }
    // TLS keeps each block: a large one would be made anew each time.
    const block = takeBlock(size, !this.#encrypted)
    this.#block = block
    this.#from = 0
    this.#to = 0
    return block.bytes
  }

  /** What was written into the block takes its place among the parts. */
  #handOn(): void {
    this.#parts.push((this.#block as Block).piece(this.#from, this.#to))
    this.#from = this.#to
  }

  /** After a flush: blocks that the kernel took whole serve the next one, the others once it has. */
  #freeBlocks(copied: boolean): void {
    const block = this.#block
    if (block === undefined) return
    this.#block = undefined
    const filled = this.#filled
    this.#filled = undefined
    if (!copied && this.#socket.writableLength > 0) {
      this.#kept = [...(this.#kept ?? []), ...(filled ?? []), block]
      return
    }
    giveBlock(block)
    if (filled !== undefined) giveAll(filled)
  }

  /** The kernel has taken all that was written so far. */
  #freeKept(): void {
    const kept = this.#kept
    if (kept === undefined || this.#socket.writableLength > 0) return
    this.#kept = undefined
    giveAll(kept)
  }

  /** FIN behind what was written. */
  end(): void {
    this.#ending = true
    if (!this.#dirty) this.#mark()
  }

  #grow(bytes: number): void {
    this.#size += bytes
    if (!this.#dirty) this.#mark()
  }

  #mark(): void {
    this.#dirty = true
    awaitTurn(this)
  }

  flush(): void {
    this.#dirty = false
    const socket = this.#socket
    // What the kernel does not take yet is gathered here, close together: each write of its own would hold a whole block.
    if (this.#blocked && !this.#ending && !socket.destroyed) return
    this.flushes++
    if (this.#to > this.#from) this.#handOn()
    const parts = this.#parts
    if (socket.destroyed) {
      this.#parts = []
      this.#size = 0
      // Blocks, too, are garbage: what the socket still holds of them it may be about to read.
      this.#block = undefined
      this.#filled = undefined
      this.#kept = undefined
      return
    }
    this.#freeKept()
    if (parts.length > 0) {
      // What stays behind in the socket, as all does until it is connected, would hold the whole block it stands in.
      const stays = this.#encrypted || socket.connecting || socket.writableLength > 0
      const copied = stays && this.#size <= COPY_LIMIT
      const free = copied ? this.#writeCopy(socket, parts) : this.#write(socket, parts)
      this.#freeBlocks(copied)
      this.writes++
      if (!free && socket.errored !== null) this.#refused()
      // Node says that it is full after each large write, also when the kernel took all of it.
      else if (!free && !this.#blocked && socket.writableLength > 0) {
        this.#blocked = true
        if (!this.#ending) this.#owner.blocked()
      }
    }
    if (this.#ending) socket.end()
  }

  #refused(): void {
    if (this.refusedAt === 0) this.refusedAt = this.writes
    this.#blocked = true
    this.#owner.refused()
  }

  /** Node closes it behind this. */
  #refusedLater(error: Error | null | undefined): void {
    if (error == null || this.#socket.destroyed) return
    this.#blocked = true
    this.#owner.refused()
  }

  /** Returns whether the kernel takes more. */
  #write(socket: Socket, parts: Buffer[]): boolean {
    const size = this.#size
    this.#size = 0
    if (parts.length === 1) return socket.write(parts.pop() as Buffer, this.#written)
    if (size <= COPY_LIMIT) {
      gather(parts, slab)
      const free = socket.write(slab.subarray(0, size), this.#written)
      // What the kernel did not take yet must not be overwritten: the slab is given away.
      if (socket.writableLength > 0) slab = Buffer.allocUnsafeSlow(COPY_LIMIT)
      return free
    }
    if (size < parts.length * SMALL_PART) {
      this.#size = size
      return this.#writeCopy(socket, parts)
    }
    this.#parts = []
    socket.cork()
    for (let i = 0; i < parts.length; i++) socket.write(parts[i] as Buffer, this.#written)
    socket.uncork()
    return !socket.writableNeedDrain && socket.errored === null
  }

  #writeCopy(socket: Socket, parts: Buffer[]): boolean {
    const copy = Buffer.allocUnsafe(this.#size)
    this.#size = 0
    gather(parts, copy)
    return socket.write(copy, this.#written)
  }

  /** The last of this connection: what was written goes out, then both directions end. */
  finish(): void {
    this.#ending = true
    this.flush()
    this.#socket.destroySoon()
  }

  /** To be called on the socket's `drain`. */
  onDrain(): void {
    if (!this.#socket.destroyed) this.#freeKept()
    if (!this.#blocked) return
    this.#blocked = false
    if (this.#parts.length > 0 || this.#to > this.#from) this.flush()
    if (!this.#blocked) this.#owner.drained()
  }
}

function giveAll(blocks: readonly Block[]): void {
  for (let i = 0; i < blocks.length; i++) giveBlock(blocks[i] as Block)
}

/** Copies all parts into one buffer that holds them, and forgets them. */
function gather(parts: Buffer[], into: Buffer): void {
  let at = 0
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Buffer
    into.set(part, at)
    at += part.length
  }
  parts.length = 0
}
