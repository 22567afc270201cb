import { useEffect, useRef, useState } from 'react';

/** A browser takes some hundred changes of the address in half a minute, and arrow keys make more. */
const addressAfterMs = 250;

interface ChosenLineOptions {
  /** What is read, as a text to compare. */
  asked: string;
  /** Cursor of the line that the address names. */
  inAddress: string | undefined;
  /** Puts it into the address. */
  onChosen: (cursor: string | undefined) => void;
}
export interface ChosenLine {
  /** Changes when lines have to be read anew: of the component that reads them. */
  key: string;
  /** Read the lines around this one. */
  around: string | undefined;
  cursor: string | undefined;
  choose: (cursor: string | undefined) => void;
  readNewest: () => void;
}

/** Which line is chosen, in step with the address: one chosen in the list is there already, one that a link names is read with those around it. */
export function useChosenLine({ asked, inAddress, onChosen }: ChosenLineOptions): ChosenLine {
  const [reading, setReading] = useState({ asked, around: inAddress, round: 0 });
  const [address, setAddress] = useState(inAddress);
  const [cursor, setCursor] = useState(inAddress);
  const [known] = useState(() => new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const isByLink = inAddress !== address && inAddress !== undefined && !known.has(inAddress);
  if (inAddress !== address) setAddress(inAddress);
  if (asked !== reading.asked || isByLink) {
    known.clear();
    setCursor(inAddress);
    setReading({ asked, around: inAddress, round: reading.round + 1 });
  }

  function choose(next: string | undefined): void {
    if (next !== undefined) known.add(next);
    setCursor(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChosen(next), addressAfterMs);
  }
  return {
    key: `${reading.asked} ${reading.round}`,
    around: reading.around,
    cursor,
    choose,
    readNewest() {
      setReading({ ...reading, around: undefined, round: reading.round + 1 });
      choose(undefined);
    },
  };
}
