import { describe, expect, it } from 'vitest';
import { UploadSlots } from './upload-slots.js';

const never = new AbortController().signal;

describe('UploadSlots', () => {
  it('lets the next in line in when a slot is given back, once', async () => {
    const slots = new UploadSlots(1, 10);
    const order: number[] = [];
    const release = await slots.take(never);
    const second = slots.take(never).then((free) => (order.push(2), free));
    const third = slots.take(never).then((free) => (order.push(3), free));
    release();
    release();
    const releaseSecond = await second;
    expect(order).toEqual([2]);
    releaseSecond();
    await third;
    expect(order).toEqual([2, 3]);
  });

  it('forgets who hangs up while waiting', async () => {
    const slots = new UploadSlots(1, 10);
    const release = await slots.take(never);
    const leaver = new AbortController();
    const leaving = slots.take(leaver.signal);
    const staying = slots.take(never);
    leaver.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    release();
    await staying;
  });

  it('bounds the line', async () => {
    const slots = new UploadSlots(1, 1);
    await slots.take(never);
    void slots.take(never);
    expect(() => slots.take(never)).toThrow(expect.objectContaining({ code: 'NET_BUSY' }));
  });
});
