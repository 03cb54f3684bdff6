package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.sluice.api.Errno;
import org.sluice.spi.pgtable.MappingException;

/** Leaves of every size all over an address space, the same ones each time. */
final class Population {
    private final Trial trial;
    private final Random random = new Random(7);

    Population(Trial trial) {
        this.trial = trial;
    }

    /** Maps so many leaves of each size, as far as there is room; returns what is mapped. */
    Expected fill(int leaves) {
        Expected expected = new Expected(trial);
        List<Integer> prots = trial.subject().protections().accepted();
        for (long size : trial.sizes()) {
            for (int i = 0; i < leaves; i++) {
                long places = (trial.last() - trial.iova(size, 0) + 1) / size;
                long iova = trial.iova(size, Math.floorMod(random.nextLong(), places));
                long paddr = trial.paddr(size, i);
                int prot = prots.get(i % prots.size());
                expected.map(iova, paddr, size, 1, prot, map(iova, paddr, size, prot));
            }
        }
        return expected;
    }

    private long map(long iova, long paddr, long size, int prot) {
        try {
            return trial.table().mapPages(iova, paddr, size, 1, prot);
        } catch (MappingException taken) {
            assertThat(taken.errno()).isEqualTo(Errno.EEXIST);
            return taken.mapped();
        }
    }
}
