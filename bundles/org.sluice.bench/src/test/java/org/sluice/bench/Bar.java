package org.sluice.bench;

import java.util.List;

/**
 * A bar: how fast one thing must be beside another.
 *
 * @param what for people
 * @param benchmark class and method, e.g. {@code MapBenchmark.map1}
 * @param program which C program is the peer, by its compiler's flags; empty if another benchmark is
 * @param peer case of the C program, or the other benchmark
 * @param scale the ratio is multiplied by this: 2 where two threads share the time
 * @param atLeast lowest ratio of the peer's time to ours
 * @param goal the one to beat
 */
record Bar(String what, String benchmark, String program, String peer, double scale, double atLeast, double goal) {
    static final String O2 = "O2";
    static final String O3 = "O3";

    private static Bar c(String what, String benchmark, String peer, double atLeast, double goal) {
        return new Bar(what, benchmark, O2, peer, 1, atLeast, goal);
    }

    private static Bar ours(String what, String benchmark, String peer, double scale, double atLeast, double goal) {
        return new Bar(what, benchmark, "", peer, scale, atLeast, goal);
    }

    boolean isAgainstC() {
        return !program.isEmpty();
    }

    static final List<Bar> ALL = List.of(
            c("map one 4K page", "MapBenchmark.map1", "map1", 2.5, 4),
            c("unmap one 4K page", "MapBenchmark.unmap1", "unmap1", 2, 3),
            c("map 16, a page", "MapBenchmark.map16", "map16", 1.7, 2.5),
            c("unmap 16, a page", "MapBenchmark.unmap16", "unmap16", 1.7, 2.5),
            c("map 512, a page", "MapBenchmark.map512", "map512", 4, 5),
            c("unmap 512, a page", "MapBenchmark.unmap512", "unmap512", 8, 10),
            new Bar("map 512, C -O3 native", "MapBenchmark.map512", O3, "map512", 1, 2.5, 4),
            c("map a 2M block", "MapBenchmark.map2M", "map2m", 1, 2),
            c("unmap a 2M block", "MapBenchmark.unmap2M", "unmap2m", 1, 2),
            c("random map + unmap", "MapBenchmark.pair", "pair", 1.25, 1.6),
            c("iova_to_phys, 1 GiB", "LookUpBenchmark.phys1G", "phys1g", 2, 2.5),
            c("iova_to_phys, 16 GiB", "LookUpBenchmark.phys16G", "phys16g", 1.1, 1.8),
            c("iova_to_phys, chain", "LookUpBenchmark.physChain", "physchain", 1, 1.1),
            c("domain.map of 4K", "CoreBenchmark.domainMap4K", "coremap", 1.3, 2),
            ours("domain.map of 4K, beside the format", "CoreBenchmark.domainMap4K", "MapBenchmark.map1", 1, .4, .7),
            ours(
                    "domain.unmapFast, beside the format",
                    "CoreBenchmark.domainUnmap4K",
                    "MapBenchmark.unmap1",
                    1,
                    .4,
                    .7),
            c("domain.map of 1 GiB by 4K, a page", "CoreBenchmark.domainMap1G", "coremap1g", 3.5, 4),
            c("domain.unmapFast of 4K", "CoreBenchmark.domainUnmap4K", "coreunmap", 1, 1.3),
            ours(
                    "io_mm.map of 4K, beside the domain",
                    "CoreBenchmark.ioMmMap4K",
                    "CoreBenchmark.domainMap4K",
                    1,
                    .98,
                    1),
            c("IOVA taken and given back", "IovaBenchmark.pair", "iovapair", 3, 6),
            c("64 IOVAs taken, then given back", "IovaBenchmark.burst", "iovaburst", .5, 1),
            c("the same with two passages of the gate", "IovaBenchmark.pairWithGate", "iovapair", .8, 1),
            c("64 pages of IOVA, from the free ranges", "IovaBenchmark.largePair", "iovatree", .3, 1),
            c("TLB hit, 256 entries", "TlbBenchmark.hit256", "tlb256", 10, 15),
            c("TLB hit, 16384 entries", "TlbBenchmark.hit16384", "tlb16384", 6, 8),
            c("DMA of 64 bytes that hits", "TlbBenchmark.dma64", "tlb256", 4, 8),
            ours(
                    "TLB hit, two threads beside one",
                    "TlbBenchmark.hit256TwoThreads",
                    "TlbBenchmark.hit256",
                    2,
                    1.8,
                    1.9),
            c("TLB hit beside a writer", "TlbBenchmark.hit256BesideWriter", "tlbwriter", 20, 40));
}
