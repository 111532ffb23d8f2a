import { formatted, type Piece, pieces } from './statement-text.ts';

/** A statement with its words told apart by weight and colour. Texts become text nodes, whatever is in them. */
export function Statement({ text, pretty = false }: { readonly text: string; readonly pretty?: boolean }) {
  return (
    <code class={pretty ? 'statement pretty' : 'statement'}>
      {(pretty ? formatted(text) : pieces(text)).map(shown)}
    </code>
  );
}

function shown({ kind, text }: Piece, index: number) {
  if (kind === 'text') return text;
  return (
    <span key={index} class={`sql-${kind}`}>
      {text}
    </span>
  );
}
