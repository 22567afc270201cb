/** An e-mail address, which breaks after its @ before it breaks anywhere else; other names as they are. */
export function Address({ text }: { text: string }) {
  const at = text.indexOf('@') + 1;
  return (
    <span className="wrap-anywhere">
      {text.slice(0, at)}
      {at > 0 && <wbr />}
      {text.slice(at)}
    </span>
  );
}
