package org.sluice.tck;

import java.util.List;
import java.util.Random;

/** A step of a random sequence. */
record Operation(Kind kind, long iova, long paddr, long size, long count, int prot) {
    /** What it does. */
    enum Kind {
        MAP,
        UNMAP,
        SYNC
    }

    /** Steps meet each other: few addresses at every level, at both ends of the address space. */
    static Operation random(Random random, Trial trial) {
        List<Long> sizes = interesting(trial);
        long bytes = trial.last() - trial.first() + 1;
        long page = trial.page();
        long size = sizes.get(random.nextInt(sizes.size() + 2) % sizes.size());
        long offset = 0;
        for (long larger : sizes) {
            if (larger >= size) {
                offset += random.nextInt(larger == size ? 5 : 2) * larger;
            }
        }
        long most = bytes / size;
        long count = size == page && random.nextInt(8) == 0 ? 1 + random.nextInt(1200) : 1 + random.nextInt(6);
        long places = offset / size % most;
        long target = 1 + random.nextInt(48);
        long room = Math.min(most - places, (1L << trial.table().config().outputBits()) / size - target);
        if (room < 1) {
            target = 0;
            room = Math.min(most - places, (1L << trial.table().config().outputBits()) / size);
        }
        count = Math.min(count, room);
        boolean atEnd = random.nextInt(4) == 0;
        long first = trial.iova(size, 0);
        long iova = atEnd ? (trial.last() + 1 & -size) - (places + count) * size : first + places * size;
        List<Integer> prots = trial.subject().protections().accepted();
        int dice = random.nextInt(100);
        Kind kind = dice < 52 ? Kind.MAP : dice < 92 ? Kind.UNMAP : Kind.SYNC;
        return new Operation(kind, iova, target * size, size, count, prots.get(random.nextInt(prots.size())));
    }

    /** The smallest sizes, and those of tables: a format of any power of two has too many. */
    private static List<Long> interesting(Trial trial) {
        List<Long> sizes = trial.sizes();
        List<Long> tables = trial.tableSizes();
        return sizes.stream()
                .filter(size -> sizes.indexOf(size) < 4 || tables.contains(size))
                .toList();
    }

    @Override
    public String toString() {
        switch (kind) {
            case MAP:
                return String.format("map(0x%x, 0x%x, 0x%x, %d, 0x%x)", iova, paddr, size, count, prot);
            case UNMAP:
                return String.format("unmap(0x%x, 0x%x, %d)", iova, size, count);
            default:
                return "sync";
        }
    }
}
