/** Races that the swap gate must decide, run by jcstress in processes of their own. */
package org.sluice.stress;
