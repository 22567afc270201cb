import { useEffect, useId, useRef } from 'react';

/** How loud somebody is, from 0 to 1. Read and drawn with each frame, past React. */
export function Level({ label, of }: { label: string; of: () => number }) {
  const id = useId();
  const meter = useRef<HTMLMeterElement>(null);
  const read = useRef(of);
  useEffect(() => {
    read.current = of;
  });
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      if (meter.current) meter.current.value = read.current();
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(frame);
  }, []);
  return (
    <div className="flex min-w-40 flex-1 basis-40 items-center gap-3 text-sm">
      <label htmlFor={id} className="text-muted wrap-anywhere">
        How loud: {label}
      </label>
      <meter id={id} ref={meter} min={0} max={1} className="h-3 min-w-0 flex-1" />
    </div>
  );
}
