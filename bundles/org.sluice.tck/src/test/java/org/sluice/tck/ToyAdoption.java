package org.sluice.tck;

import static org.sluice.tck.ToyFormat.require;

import java.util.HashSet;
import java.util.Set;
import org.sluice.spi.memory.PhysicalMemory;

/** Looks at tables before they are taken over. */
final class ToyAdoption {
    private final PhysicalMemory memory;
    private final long root;
    private final Set<Long> seen = new HashSet<>();

    ToyAdoption(PhysicalMemory memory, long root) {
        this.memory = memory;
        this.root = root;
    }

    void check() {
        table(root);
        for (long at = root; at < root + ToyTable.PAGE; at += 8) {
            long descriptor = memory.read64(at);
            if (ToyTable.isTable(descriptor)) {
                long below = ToyTable.address(descriptor);
                require(descriptor == (below | 3), "descriptor 0x%x at 0x%x has unknown bits", descriptor, at);
                table(below);
                for (long leaf = below; leaf < below + ToyTable.PAGE; leaf += 8) {
                    leaf(memory.read64(leaf), leaf, ToyTable.PAGE);
                }
            } else {
                leaf(descriptor, at, ToyTable.BLOCK);
            }
        }
    }

    private void table(long table) {
        require((table & ToyTable.PAGE - 1) == 0, "table 0x%x is not aligned", table);
        require(memory.contains(table, ToyTable.PAGE), "table 0x%x is not memory", table);
        require(seen.add(table), "table 0x%x is in the tree twice", table);
    }

    private static void leaf(long descriptor, long at, long size) {
        long known = ToyTable.address(descriptor) & -size | ToyTable.PROT | ToyAbilities.DIRTY | 1;
        require((descriptor & ~known) == 0, "descriptor 0x%x at 0x%x has unknown bits", descriptor, at);
        require(descriptor == 0 || (descriptor & 1) != 0, "descriptor 0x%x at 0x%x is not valid", descriptor, at);
    }
}
