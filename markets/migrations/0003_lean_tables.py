"""Orders and trades without the indexes that no query needs; each cost every order that was placed.

- A market's rows are a range of ids: the indexes of `market` (and of market and sequence) are the table's own.
  Worse, SQLite took them for look-ups of a few ids and read the whole market.
- The index of an order's `account` is the beginning of `orders_of_account`.
- Candles and volumes are added up once (Candle, DayVolume, Tally): trades are read by id, never by time.
- On SQLite an id is the row's place in the table now, without an index of its own beside it.
- Live orders of an account come in the order in which they are asked for.
- No order by default: it made the database sort what nobody wanted sorted.

On SQLite both tables are written anew: allow some minutes for ten million rows. What was traded before is added
up by the engines while they run.
"""

import django.db.models.deletion
import markets.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0002_rule_book'),
    ]

    operations = [
        migrations.CreateModel(
            name='Candle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seconds', models.IntegerField()),
                ('start', models.BigIntegerField()),
                ('open', models.BigIntegerField()),
                ('high', models.BigIntegerField()),
                ('low', models.BigIntegerField()),
                ('close', models.BigIntegerField()),
                ('volume', markets.fields.AmountField()),
                ('quote_volume', markets.fields.AmountField()),
                ('trade_count', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='DayVolume',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.IntegerField()),
                ('amount', markets.fields.AmountField()),
            ],
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('market', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='markets.market')),
                ('sequence', models.BigIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'tallies',
            },
        ),
        migrations.AlterModelOptions(
            name='order',
            options={},
        ),
        migrations.AlterModelOptions(
            name='trade',
            options={},
        ),
        migrations.RemoveIndex(
            model_name='order',
            name='open_orders_of_account',
        ),
        migrations.RemoveIndex(
            model_name='trade',
            name='trades_of_market',
        ),
        migrations.RemoveIndex(
            model_name='trade',
            name='trades_by_time',
        ),
        migrations.AlterField(
            model_name='order',
            name='account',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='markets.account'),
        ),
        migrations.AlterField(
            model_name='order',
            name='id',
            field=markets.fields.IdField(primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            model_name='order',
            name='market',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='markets.market'),
        ),
        migrations.AlterField(
            model_name='trade',
            name='id',
            field=markets.fields.IdField(primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            model_name='trade',
            name='market',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='trades', to='markets.market'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('status__in', ['untriggered', 'open', 'partially_filled'])), fields=['account', 'created_at', 'id'], name='open_orders_of_account'),
        ),
        migrations.AddField(
            model_name='candle',
            name='market',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='markets.market'),
        ),
        migrations.AddField(
            model_name='dayvolume',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='markets.account'),
        ),
        migrations.AddField(
            model_name='dayvolume',
            name='market',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='markets.market'),
        ),
        migrations.AddConstraint(
            model_name='candle',
            constraint=models.UniqueConstraint(fields=('market', 'seconds', 'start'), name='one_candle_per_interval'),
        ),
        migrations.AddConstraint(
            model_name='dayvolume',
            constraint=models.UniqueConstraint(fields=('market', 'day', 'account'), name='one_volume_per_day'),
        ),
    ]
