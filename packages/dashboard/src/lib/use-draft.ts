import { useState } from 'react';

/** What is typed into a form and not sent yet. Begins anew when what it stands for changes; the form's fields keep the focus. */
export function useDraft<Value extends object>(value: Value): [Value, (draft: Value) => void] {
  const text = JSON.stringify(value);
  const [state, setState] = useState({ text, draft: value });
  if (state.text !== text) setState({ text, draft: value });
  return [state.text === text ? state.draft : value, (draft) => setState({ text, draft })];
}
