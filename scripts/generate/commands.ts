/** The page of commands: the help of each, as it prints it. */
import { helpOf } from '../../cmd/command-line/help.ts'
import { USAGES } from '../../cmd/usage/index.ts'

export const path = 'docs/commands.md'

export function text(): string {
  const commands = USAGES.map((usage) => `## outrigger ${usage.name}\n\n\`\`\`\n${helpOf(usage)}\`\`\`\n`)
  return `# Commands

Made by scripts/generate/commands.ts from what \`outrigger COMMAND --help\` prints. A flag wins over its variable, the variable over the
files. Exit code 70 is a defect of ours, with a stack on stderr. Whatever a command does, 1 may also mean that standard output cannot be written, as on a full disk.

${commands.join('\n')}`
}
