import { useState } from 'react';

/**
 * A form about something that others change too: what is not edited here shows what is stored by now, and is no part of `changes`,
 * which are what to send.
 */
export function useEdits<Stored extends object>(stored: Stored) {
  const [edited, setEdited] = useState<Partial<Stored>>({});
  const changes = changesBetween(stored, edited);
  return {
    draft: { ...stored, ...edited },
    changes,
    changed: Object.keys(changes).length > 0,
    edit: (more: Partial<Stored>) => setEdited({ ...edited, ...more }),
    undo: () => setEdited({}),
  };
}

/** Of what was edited, what differs from what is stored. */
export function changesBetween<Stored extends object>(stored: Stored, edited: Partial<Stored>): Partial<Stored> {
  const names = Object.keys(edited) as (keyof Stored)[];
  const differing = names.filter((name) => JSON.stringify(edited[name]) !== JSON.stringify(stored[name]));
  return Object.fromEntries(differing.map((name) => [name, edited[name]])) as Partial<Stored>;
}
