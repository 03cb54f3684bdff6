package org.sluice.trace.internal.swap;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongPredicate;
import org.sluice.api.Prot;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.trace.internal.books.TracedSpace;
import org.sluice.trace.internal.machine.Stream;
import org.sluice.trace.internal.proof.PasidSpace;
import org.sluice.trace.internal.proof.Pattern;

/** Puts known data at physical pages that devices can reach, each page once even if it is mapped twice. */
final class ReadingPlaces {
    private static final int PER_STREAM = 64;
    private static final long SALT = -1;

    private final PhysicalMemory memory;
    private final LongPredicate affordable;
    private final Set<Long> planted = new HashSet<>();
    private final List<ReadingWorker.Place> places = new ArrayList<>();

    ReadingPlaces(PhysicalMemory memory, LongPredicate affordable) {
        this.memory = memory;
        this.affordable = affordable;
    }

    List<ReadingWorker.Place> of(Map<Stream, TracedSpace> streams, List<PasidSpace> spaces) {
        for (PasidSpace space : spaces) {
            plant(space.stream(), space.pasid(), space.iova(), space.page());
        }
        streams.forEach((stream, space) -> space.leaves().stream()
                .filter(leaf -> (leaf.prot() & Prot.READ) != 0)
                .limit(PER_STREAM)
                .forEach(leaf -> {
                    if (!planted.contains(leaf.paddr()) && affordable.test(leaf.paddr())) {
                        plant(stream, Dma.NO_PASID, leaf.iova(), leaf.paddr());
                    }
                }));
        return places;
    }

    private void plant(Stream stream, int pasid, long iova, long paddr) {
        byte[] content = new byte[Pattern.BYTES];
        Pattern.fill(content, Pattern.seed(paddr, SALT));
        memory.write(paddr, content, 0, content.length);
        planted.add(paddr);
        places.add(new ReadingWorker.Place(stream, pasid, iova, content));
    }
}
